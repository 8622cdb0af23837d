-- A conversation between people without a common team waits as an offer until it is accepted; anyone can leave one. Both
-- tables are new, so their constraints check no rows, and writers of "conversations" and "users" wait for a moment only.
CREATE TABLE "conversation_leavers" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,

    CONSTRAINT "conversation_leavers_pkey" PRIMARY KEY ("conversation_id","user_id")
);

CREATE INDEX "conversation_leavers_user_id_conversation_id_idx" ON "conversation_leavers"("user_id", "conversation_id");

ALTER TABLE "conversation_leavers" ADD CONSTRAINT "conversation_leavers_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "conversation_leavers" ADD CONSTRAINT "conversation_leavers_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "conversation_offers" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "offered_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversation_offers_pkey" PRIMARY KEY ("conversation_id","user_id")
);

CREATE INDEX "conversation_offers_user_id_conversation_id_idx" ON "conversation_offers"("user_id", "conversation_id");

ALTER TABLE "conversation_offers" ADD CONSTRAINT "conversation_offers_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "conversation_offers" ADD CONSTRAINT "conversation_offers_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE INDEX "conversation_offers_offered_by_id_user_id_idx" ON "conversation_offers"("offered_by_id", "user_id");

ALTER TABLE "conversation_offers" ADD CONSTRAINT "conversation_offers_offered_by_id_fkey" FOREIGN KEY ("offered_by_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

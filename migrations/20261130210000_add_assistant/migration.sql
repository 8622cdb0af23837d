-- The assistant: a conversation of its own for each person who opens it, and its replies, which are also the queue from
-- which they are written. The tables are new, and the new columns have no default, so nothing is rewritten. Making the
-- unique index and the foreign keys keeps writers of "conversations", "messages" and "approvals" out for a moment.
CREATE TYPE "assistant_reply_state" AS ENUM ('PENDING', 'DONE', 'FAILED', 'STOPPED');
ALTER TYPE "event_source_kind" ADD VALUE 'ASSISTANT';

ALTER TABLE "conversations" ADD COLUMN "assistant_of_id" UUID;
CREATE UNIQUE INDEX "conversations_assistant_of_id_key" ON "conversations"("assistant_of_id");
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_assistant_of_id_fkey" FOREIGN KEY ("assistant_of_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "assistant_replies" (
    "message_id" UUID NOT NULL,
    "reply_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "state" "assistant_reply_state" NOT NULL DEFAULT 'PENDING',
    "place" BIGSERIAL NOT NULL,
    "content" TEXT NOT NULL DEFAULT '',
    "tool_calls" JSONB NOT NULL DEFAULT '[]',
    "bytes" INTEGER NOT NULL DEFAULT 0,
    "error" JSONB,
    "stop_requested_at" TIMESTAMPTZ(3),
    "lease" UUID,
    "leased_until" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "assistant_replies_pkey" PRIMARY KEY ("message_id"),
    CONSTRAINT "assistant_replies_content" CHECK (char_length("content") <= 10000)
);
CREATE UNIQUE INDEX "assistant_replies_reply_id_key" ON "assistant_replies"("reply_id");
CREATE UNIQUE INDEX "assistant_replies_place_key" ON "assistant_replies"("place");
CREATE INDEX "assistant_replies_conversation_id_place_idx" ON "assistant_replies"("conversation_id", "place");
CREATE INDEX "assistant_replies_user_id_created_at_idx" ON "assistant_replies"("user_id", "created_at");
-- The queue, and the replies before another one of the same conversation.
CREATE INDEX "assistant_replies_pending" ON "assistant_replies"("place") WHERE "state" = 'PENDING';
CREATE INDEX "assistant_replies_pending_of_conversation" ON "assistant_replies"("conversation_id", "place") WHERE "state" = 'PENDING';
ALTER TABLE "assistant_replies" ADD CONSTRAINT "assistant_replies_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "assistant_replies" ADD CONSTRAINT "assistant_replies_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "assistant_replies" ADD CONSTRAINT "assistant_replies_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "assistant_usage" (
    "user_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "tokens" BIGINT NOT NULL,

    CONSTRAINT "assistant_usage_pkey" PRIMARY KEY ("user_id")
);
ALTER TABLE "assistant_usage" ADD CONSTRAINT "assistant_usage_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Replies count to the storage of the person who asked, as in the migration count_storage_per_person: messages of the
-- assistant have no author. A reply that is being written counts as a row without bytes.
CREATE FUNCTION "count_storage_of_assistant_replies"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
        SELECT "user_id", count(*), sum(CASE WHEN "state" <> 'PENDING' THEN octet_length("content") + octet_length("tool_calls"::text) + "bytes" ELSE 0 END) FROM "added" GROUP BY "user_id";
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
        SELECT "user_id", -count(*), -sum(CASE WHEN "state" <> 'PENDING' THEN octet_length("content") + octet_length("tool_calls"::text) + "bytes" ELSE 0 END) FROM "removed" GROUP BY "user_id";
    ELSE
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes") VALUES (
            NEW."user_id", 0,
            CASE WHEN NEW."state" <> 'PENDING' THEN octet_length(NEW."content") + octet_length(NEW."tool_calls"::text) + NEW."bytes" ELSE 0 END
                - CASE WHEN OLD."state" <> 'PENDING' THEN octet_length(OLD."content") + octet_length(OLD."tool_calls"::text) + OLD."bytes" ELSE 0 END);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "assistant_replies_storage_insert" AFTER INSERT ON "assistant_replies" REFERENCING NEW TABLE AS "added"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_assistant_replies"();
CREATE TRIGGER "assistant_replies_storage_delete" AFTER DELETE ON "assistant_replies" REFERENCING OLD TABLE AS "removed"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_assistant_replies"();
CREATE TRIGGER "assistant_replies_storage_update" AFTER UPDATE ON "assistant_replies" FOR EACH ROW
    WHEN (NEW."state" <> 'PENDING' OR OLD."state" <> 'PENDING')
    EXECUTE FUNCTION "count_storage_of_assistant_replies"();

-- The credential of the assistant is its conversation.
ALTER TABLE "approvals" ADD COLUMN "conversation_id" UUID;
CREATE INDEX "approvals_conversation_id_idx" ON "approvals"("conversation_id");
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "approvals" DROP CONSTRAINT "approvals_credential";
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_credential" CHECK (num_nonnulls("api_token_id", "application_id", "conversation_id") = 1);

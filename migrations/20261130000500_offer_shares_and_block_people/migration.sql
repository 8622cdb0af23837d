-- Shares between people without a common team wait as offers until they are accepted; people can be blocked.
-- Both tables are new, so their constraints check no rows, and writers of "tasks" and "users" wait for a moment only.

-- CreateTable
CREATE TABLE "share_offers" (
    "id" UUID NOT NULL,
    "task_id" UUID NOT NULL,
    "offered_by_id" UUID NOT NULL,
    "user_id" UUID,
    "email" TEXT,
    "title" TEXT NOT NULL,
    "permission" "share_permission" NOT NULL DEFAULT 'VIEW',
    "share_expires_at" TIMESTAMPTZ(3),
    "secret_hash" BYTEA,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "share_offers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "blocks" (
    "id" UUID NOT NULL,
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blocks_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "share_offers_secret_hash_key" ON "share_offers"("secret_hash");

-- CreateIndex
CREATE INDEX "share_offers_task_id_id_idx" ON "share_offers"("task_id", "id");

-- CreateIndex
CREATE INDEX "share_offers_user_id_id_idx" ON "share_offers"("user_id", "id");

-- CreateIndex
CREATE INDEX "share_offers_email_id_idx" ON "share_offers"("email", "id");

-- CreateIndex
CREATE INDEX "share_offers_offered_by_id_user_id_expires_at_idx" ON "share_offers"("offered_by_id", "user_id", "expires_at");

-- CreateIndex
CREATE INDEX "share_offers_offered_by_id_email_expires_at_idx" ON "share_offers"("offered_by_id", "email", "expires_at");

-- CreateIndex
CREATE INDEX "share_offers_expires_at_idx" ON "share_offers"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "share_offers_task_id_user_id_key" ON "share_offers"("task_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "share_offers_task_id_email_key" ON "share_offers"("task_id", "email");

-- CreateIndex
CREATE INDEX "blocks_blocker_id_id_idx" ON "blocks"("blocker_id", "id");

-- CreateIndex
CREATE INDEX "blocks_blocked_id_idx" ON "blocks"("blocked_id");

-- CreateIndex
CREATE UNIQUE INDEX "blocks_blocker_id_blocked_id_key" ON "blocks"("blocker_id", "blocked_id");

-- AddForeignKey
ALTER TABLE "share_offers" ADD CONSTRAINT "share_offers_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "share_offers" ADD CONSTRAINT "share_offers_offered_by_id_fkey" FOREIGN KEY ("offered_by_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "share_offers" ADD CONSTRAINT "share_offers_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "blocks" ADD CONSTRAINT "blocks_blocker_id_fkey" FOREIGN KEY ("blocker_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "blocks" ADD CONSTRAINT "blocks_blocked_id_fkey" FOREIGN KEY ("blocked_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "share_offers"
    ADD CONSTRAINT "share_offers_has_one_receiver" CHECK (num_nonnulls("user_id", "email") = 1),
    ADD CONSTRAINT "share_offers_email_has_secret" CHECK (("email" IS NULL) = ("secret_hash" IS NULL)),
    ADD CONSTRAINT "share_offers_email_is_lower_case" CHECK ("email" = lower("email"));
ALTER TABLE "blocks" ADD CONSTRAINT "blocks_never_oneself" CHECK ("blocker_id" <> "blocked_id");

-- What both add to their person's storage, as for the tables of migration `count_storage_per_person`.
DO $migration$
DECLARE
    "counted" record;
BEGIN
    FOR "counted" IN SELECT * FROM (VALUES
        ('share_offers', 'offered_by_id', 'octet_length(@title) + coalesce(octet_length(@email), 0)'),
        ('blocks', 'blocker_id', '0')
    ) AS "list" ("name", "person", "size") LOOP
        EXECUTE replace(replace(replace(replace(replace($sql$
            CREATE FUNCTION "count_storage_of_<name>"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", count(*), sum(<size>) FROM "added" GROUP BY "<person>";
                ELSIF TG_OP = 'DELETE' THEN
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", -count(*), -sum(<size>) FROM "removed" GROUP BY "<person>";
                ELSE
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    VALUES (OLD."<person>", -1, -(<old size>)), (NEW."<person>", 1, <new size>);
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER "<name>_storage_insert" AFTER INSERT ON "<name>" REFERENCING NEW TABLE AS "added"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"();
            CREATE TRIGGER "<name>_storage_delete" AFTER DELETE ON "<name>" REFERENCING OLD TABLE AS "removed"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"();
            CREATE TRIGGER "<name>_storage_update" AFTER UPDATE ON "<name>"
                FOR EACH ROW WHEN (OLD."<person>" IS DISTINCT FROM NEW."<person>" OR <old size> <> <new size>)
                EXECUTE FUNCTION "count_storage_of_<name>"()
            $sql$,
            '<old size>', replace("counted"."size", '@', 'OLD.')),
            '<new size>', replace("counted"."size", '@', 'NEW.')),
            '<size>', replace("counted"."size", '@', '')),
            '<person>', "counted"."person"),
            '<name>', "counted"."name");
    END LOOP;
END $migration$;

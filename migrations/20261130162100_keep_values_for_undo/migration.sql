-- The values that a run of an agent has replaced, so that it can be undone. The log has no texts. They are kept for 30
-- days, and count to the storage of the run's person. The table is new. Making its foreign keys keeps writers of "tasks"
-- and "comments" out for a moment.
CREATE TABLE "run_changes" (
    "id" BIGSERIAL NOT NULL,
    "run_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "task_id" UUID,
    "comment_id" UUID,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_changes_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "run_changes_subject" CHECK (num_nonnulls("task_id", "comment_id") = 1)
);
CREATE UNIQUE INDEX "run_changes_run_id_task_id_key" ON "run_changes"("run_id", "task_id");
CREATE UNIQUE INDEX "run_changes_run_id_comment_id_key" ON "run_changes"("run_id", "comment_id");
CREATE INDEX "run_changes_user_id_idx" ON "run_changes"("user_id");
CREATE INDEX "run_changes_task_id_idx" ON "run_changes"("task_id");
CREATE INDEX "run_changes_comment_id_idx" ON "run_changes"("comment_id");
CREATE INDEX "run_changes_created_at_idx" ON "run_changes"("created_at");
ALTER TABLE "run_changes" ADD CONSTRAINT "run_changes_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "agent_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "run_changes" ADD CONSTRAINT "run_changes_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "run_changes" ADD CONSTRAINT "run_changes_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "run_changes" ADD CONSTRAINT "run_changes_comment_id_fkey" FOREIGN KEY ("comment_id") REFERENCES "comments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- As in the migration count_storage_per_person.
CREATE FUNCTION "count_storage_of_run_changes"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
        SELECT "user_id", count(*), sum(octet_length("before"::text) + octet_length("after"::text)) FROM "added" GROUP BY "user_id";
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
        SELECT "user_id", -count(*), -sum(octet_length("before"::text) + octet_length("after"::text)) FROM "removed" GROUP BY "user_id";
    ELSE
        INSERT INTO "storage_changes" ("user_id", "rows", "bytes") VALUES (
            NEW."user_id", 0,
            octet_length(NEW."before"::text) + octet_length(NEW."after"::text)
                - octet_length(OLD."before"::text) - octet_length(OLD."after"::text));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "run_changes_storage_insert" AFTER INSERT ON "run_changes" REFERENCING NEW TABLE AS "added"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_run_changes"();
CREATE TRIGGER "run_changes_storage_delete" AFTER DELETE ON "run_changes" REFERENCING OLD TABLE AS "removed"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_run_changes"();
CREATE TRIGGER "run_changes_storage_update" AFTER UPDATE ON "run_changes"
    FOR EACH ROW EXECUTE FUNCTION "count_storage_of_run_changes"();

-- What each person stores: rows, and bytes of text. Triggers append what each statement adds or removes; the server
-- adds that to one row per person once a second, so writers never wait for one another.
-- CREATE TRIGGER keeps writers of the tables below out until this commits, and counting them takes about a second for a
-- million rows.

CREATE TABLE "storage_usage" (
    "user_id" UUID NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,

    CONSTRAINT "storage_usage_pkey" PRIMARY KEY ("user_id")
);
ALTER TABLE "storage_usage" ADD CONSTRAINT "storage_usage_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Without a foreign key: rows of a person who is deleted append to it too.
CREATE TABLE "storage_changes" (
    "id" BIGSERIAL NOT NULL,
    "user_id" UUID NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,

    CONSTRAINT "storage_changes_pkey" PRIMARY KEY ("id")
);

-- For each table: the column with the person whose storage its rows count to, and the bytes of a row. `@` stands for
-- the row. Statements that change neither are not counted, which the condition of the trigger decides.
DO $migration$
DECLARE
    "counted" record;
BEGIN
    FOR "counted" IN SELECT * FROM (VALUES
        ('tasks', 'owner_id', 'octet_length(@title) + octet_length(@description) + octet_length(@labels::text)'),
        ('comments', 'author_id', 'octet_length(@body)'),
        ('conversations', 'owner_id', 'octet_length(@title)'),
        ('messages', 'author_id', 'octet_length(@content) + coalesce(octet_length(@tool_calls::text), 0)'),
        ('memberships', 'user_id', '0'),
        ('task_shares', 'shared_by_id', '0'),
        ('team_invitations', 'invited_by_id', 'octet_length(@email)'),
        ('api_tokens', 'user_id', 'octet_length(@name)')
    ) AS "list" ("name", "person", "size") LOOP
        EXECUTE replace(replace(replace(replace(replace($sql$
            CREATE FUNCTION "count_storage_of_<name>"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", count(*), sum(<size>) FROM "added" WHERE "<person>" IS NOT NULL GROUP BY "<person>";
                ELSIF TG_OP = 'DELETE' THEN
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "<person>", -count(*), -sum(<size>) FROM "removed" WHERE "<person>" IS NOT NULL GROUP BY "<person>";
                ELSE
                    INSERT INTO "storage_changes" ("user_id", "rows", "bytes")
                    SELECT "change".* FROM (VALUES (OLD."<person>", -1, -(<old size>)), (NEW."<person>", 1, <new size>)) AS "change" ("user_id", "rows", "bytes")
                    WHERE "user_id" IS NOT NULL;
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER "<name>_storage_insert" AFTER INSERT ON "<name>" REFERENCING NEW TABLE AS "added"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"();
            CREATE TRIGGER "<name>_storage_delete" AFTER DELETE ON "<name>" REFERENCING OLD TABLE AS "removed"
                FOR EACH STATEMENT EXECUTE FUNCTION "count_storage_of_<name>"();
            CREATE TRIGGER "<name>_storage_update" AFTER UPDATE ON "<name>"
                FOR EACH ROW WHEN (OLD."<person>" IS DISTINCT FROM NEW."<person>" OR <old size> <> <new size>)
                EXECUTE FUNCTION "count_storage_of_<name>"();
            INSERT INTO "storage_usage" AS "known" ("user_id", "rows", "bytes")
            SELECT "<person>", count(*), sum(<size>) FROM "<name>" WHERE "<person>" IS NOT NULL GROUP BY "<person>"
            ON CONFLICT ("user_id") DO UPDATE
                SET "rows" = "known"."rows" + excluded."rows", "bytes" = "known"."bytes" + excluded."bytes"
            $sql$,
            '<old size>', replace("counted"."size", '@', 'OLD.')),
            '<new size>', replace("counted"."size", '@', 'NEW.')),
            '<size>', replace("counted"."size", '@', '')),
            '<person>', "counted"."person"),
            '<name>', "counted"."name");
    END LOOP;
END $migration$;

-- The server makes the search words of what it writes, and hands them in with the row. The triggers make them of rows
-- without words, and where a text and its words did not change together. All statements here lock for a moment only.

-- Setting search_path costs 5 µs for each row, so the functions name the schema of their own, and only the slow one sets it.
ALTER FUNCTION "words_of_script"(text, text, text) SET search_path FROM CURRENT;

DO $do$
BEGIN
    EXECUTE format($sql$
        CREATE OR REPLACE FUNCTION "search_words"("content" text, "exact" text, "alike" text) RETURNS tsvector
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN octet_length(content) = length(content) AND content COLLATE "C" !~ '[0-9][eE][0-9]+[a-zA-Z]'
                   THEN setweight(to_tsvector('pg_catalog.simple',
                            translate(lower(left(content, 50000) COLLATE "C"), '_-+./:@&<~', '          ')), exact::"char")
                   ELSE %1$I.words_of_script(content, exact, alike) END
        $$;
        CREATE OR REPLACE FUNCTION "set_task_words"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.words := %1$I.search_words(NEW.title, 'A', 'C') || %1$I.search_words(NEW.description, 'B', 'D');
            RETURN NEW;
        END $$;
        CREATE OR REPLACE FUNCTION "set_comment_words"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.words := %1$I.search_words(NEW.body, 'B', 'D');
            RETURN NEW;
        END $$;
        CREATE OR REPLACE FUNCTION "set_message_words"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.words := %1$I.search_words(NEW.content, 'B', 'D');
            RETURN NEW;
        END $$;
    $sql$, current_schema());
END $do$;

DROP TRIGGER "tasks_words" ON "tasks";
CREATE TRIGGER "tasks_words" BEFORE INSERT ON "tasks"
    FOR EACH ROW WHEN (NEW.words IS NULL) EXECUTE FUNCTION "set_task_words"();
CREATE TRIGGER "tasks_changed_words" BEFORE UPDATE OF "title", "description", "words" ON "tasks" FOR EACH ROW
    WHEN (NEW.words IS NULL OR (OLD.words IS DISTINCT FROM NEW.words)
          <> (OLD.title <> NEW.title OR OLD.description <> NEW.description))
    EXECUTE FUNCTION "set_task_words"();

DROP TRIGGER "comments_words" ON "comments";
CREATE TRIGGER "comments_words" BEFORE INSERT ON "comments"
    FOR EACH ROW WHEN (NEW.words IS NULL) EXECUTE FUNCTION "set_comment_words"();
CREATE TRIGGER "comments_changed_words" BEFORE UPDATE OF "body", "words" ON "comments" FOR EACH ROW
    WHEN (NEW.words IS NULL OR (OLD.words IS DISTINCT FROM NEW.words) <> (OLD.body <> NEW.body))
    EXECUTE FUNCTION "set_comment_words"();

DROP TRIGGER "messages_words" ON "messages";
CREATE TRIGGER "messages_words" BEFORE INSERT ON "messages"
    FOR EACH ROW WHEN (NEW.words IS NULL) EXECUTE FUNCTION "set_message_words"();
CREATE TRIGGER "messages_changed_words" BEFORE UPDATE OF "content", "words" ON "messages" FOR EACH ROW
    WHEN (NEW.words IS NULL OR (OLD.words IS DISTINCT FROM NEW.words) <> (OLD.content <> NEW.content))
    EXECUTE FUNCTION "set_message_words"();

-- Search words are made by functions of our own, so that they are the same whatever the locale of the database. A trigger
-- keeps them instead of a generated column: existing rows are then rewritten in batches by the server, which needs no
-- lock on the table (search_rewrites says how far it is). All statements here lock for a moment only.

-- A text as words between single spaces: composed (NFKC), in lower case, without invisible characters. Of scripts without
-- spaces, and of emoji, each character is a word; \2 follows one that the next belongs to.
-- server/search/words.ts has the same rules for queries and snippets; a test compares the two.
CREATE FUNCTION "folded_words"("content" text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text;
BEGIN
    folded := translate(normalize(content, NFKC), 'İ', 'i');
    folded := replace(translate(lower(folded COLLATE "und-x-icu"), 'ς', 'σ'), 'ß', 'ss');
    folded := regexp_replace(folded COLLATE "C", E'[\\u00ad\\u0640\\u061c\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff\\U0001f3fb-\\U0001f3ff\\U000e0000-\\U000e0fff]', '', 'g');
    -- A mark that has no letter before it is no word.
    folded := regexp_replace(' ' || folded COLLATE "C", E'[\\u0001-\\u002f\\u003a-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b4\\u00b6-\\u00b9\\u00bb-\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02df\\u037e\\u055a-\\u055f\\u0589-\\u058f\\u05be\\u05c0\\u05c3\\u05c6\\u05f3\\u05f4\\u0600-\\u060f\\u061b-\\u061f\\u066a-\\u066d\\u06d4\\u0700-\\u070d\\u0964\\u0965\\u0970\\u0df4\\u0e3f\\u0e4f\\u0e5a\\u0e5b\\u0f04-\\u0f14\\u104a-\\u104f\\u10fb\\u1360-\\u1368\\u1680\\u17d4-\\u17da\\u1800-\\u180a\\u2000-\\u22ff\\u2400-\\u25ff\\u27c0-\\u2aff\\u2e00-\\u2e7f\\u2ff0-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u30a0\\u30fb\\ue000-\\uf8ff\\ufff0-\\uffff\\U0001fb00-\\U0001fbff\\U000f0000-\\U0010ffff][\\u0001-\\u002f\\u003a-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b4\\u00b6-\\u00b9\\u00bb-\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02df\\u037e\\u055a-\\u055f\\u0589-\\u058f\\u05be\\u05c0\\u05c3\\u05c6\\u05f3\\u05f4\\u0600-\\u060f\\u061b-\\u061f\\u066a-\\u066d\\u06d4\\u0700-\\u070d\\u0964\\u0965\\u0970\\u0df4\\u0e3f\\u0e4f\\u0e5a\\u0e5b\\u0f04-\\u0f14\\u104a-\\u104f\\u10fb\\u1360-\\u1368\\u1680\\u17d4-\\u17da\\u1800-\\u180a\\u2000-\\u22ff\\u2400-\\u25ff\\u27c0-\\u2aff\\u2e00-\\u2e7f\\u2ff0-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u30a0\\u30fb\\ue000-\\uf8ff\\ufff0-\\uffff\\U0001fb00-\\U0001fbff\\U000f0000-\\U0010ffff\\u0300-\\u036f\\u0591-\\u05bd\\u05bf-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed]*', ' ', 'g');
    IF folded COLLATE "C" ~ E'[\\u0e01-\\u0e3a\\u0e40-\\u0e4e\\u0e81-\\u0ecf\\u0edc-\\u0edf\\u1000-\\u103f\\u1050-\\u109f\\u1100-\\u11ff\\u1780-\\u17d3\\u2300-\\u23ff\\u2600-\\u27bf\\u2b00-\\u2bff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3031-\\u3035\\u3041-\\u309f\\u30a1-\\u30fa\\u30fc-\\u318f\\u31a0-\\u31ff\\u3400-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7ff\\U0001b000-\\U0001b16f\\U0001f000-\\U0001faff\\U00020000-\\U0003ffff]' THEN
        folded := regexp_replace(folded COLLATE "C", E'[\\u0e01-\\u0e3a\\u0e40-\\u0e4e\\u0e81-\\u0ecf\\u0edc-\\u0edf\\u1000-\\u103f\\u1050-\\u109f\\u1100-\\u11ff\\u1780-\\u17d3\\u2300-\\u23ff\\u2600-\\u27bf\\u2b00-\\u2bff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3031-\\u3035\\u3041-\\u309f\\u30a1-\\u30fa\\u30fc-\\u318f\\u31a0-\\u31ff\\u3400-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7ff\\U0001b000-\\U0001b16f\\U0001f000-\\U0001faff\\U00020000-\\U0003ffff]', E'\u0001\\&\u0001', 'g');
        folded := translate(replace(folded, E'\u0001\u0001', E'\u0002 '), E'\u0001', ' ');
        folded := regexp_replace(folded COLLATE "C", ' +', ' ', 'g');
    END IF;
    RETURN btrim(folded);
END $$;

-- The same words as people type them without accents, vowel signs and the Arabic article.
CREATE FUNCTION "plain_words"("folded" text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    -- Й, Ї and Ў are letters of their own.
    plain text := normalize(translate(folded, 'йїў', E'\u0003\u0004\u0005'), NFD);
BEGIN
    IF plain COLLATE "C" !~ E'[\\u0300-\\u036f\\u0591-\\u05bd\\u05bf-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed\\u093cæœþıłøđðىةکیँ]|ال' THEN
        RETURN folded;
    END IF;
    plain := regexp_replace(plain COLLATE "C", E'[\\u0300-\\u036f\\u0591-\\u05bd\\u05bf-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed\\u093c]', '', 'g');
    plain := translate(normalize(plain, NFC), E'\u0003\u0004\u0005ıłøđðىةکیँ', 'йїўiloddيهكيं');
    plain := replace(replace(replace(plain, 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    IF strpos(plain, 'ال') > 0 THEN
        plain := regexp_replace(plain COLLATE "C", E'(^| )و?ال(?=[^ ]{3})', E'\\1', 'g');
    END IF;
    RETURN plain;
END $$;

-- The words of a text with their places: as they stand with the one weight, as plain_words has them with the other.
CREATE FUNCTION "words_of_script"("content" text, "exact" text, "alike" text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := folded_words(left(content, 50000));
BEGIN
    RETURN coalesce((
        SELECT string_agg(word || ':' || place || exact || CASE WHEN plain <> word AND plain <> '' THEN ' ' || plain || ':' || place || alike ELSE '' END, ' ')
        FROM (SELECT place, CASE WHEN right(word, 1) = E'\u0002' THEN NULL ELSE left(plain, 250) END AS plain,
                     CASE WHEN right(word, 1) = E'\u0002'
                          THEN left(word, 1) || left(lead(word) OVER (ORDER BY place), 1) ELSE left(word, 250) END AS word
              FROM ROWS FROM (string_to_table(folded, ' '), string_to_table(plain_words(folded), ' '))
                   WITH ORDINALITY AS words(word, plain, place)
              WHERE word <> '') AS words
    )::tsvector, '');
END $$;

-- The same for any text. Of ASCII PostgreSQL's own parser makes these words sooner, if nothing looks like an address or a
-- number to it.
CREATE FUNCTION "search_words"("content" text, "exact" text, "alike" text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(content) = length(content) AND content COLLATE "C" !~ '[0-9][eE][0-9]+[a-zA-Z]'
           THEN setweight(to_tsvector('pg_catalog.simple',
                    translate(lower(left(content, 50000) COLLATE "C"), '_-+./:@&<~', '          ')), exact::"char")
           ELSE words_of_script(content, exact, alike) END
$$;

ALTER TABLE "tasks" ALTER COLUMN "words" DROP EXPRESSION;
ALTER TABLE "comments" ALTER COLUMN "words" DROP EXPRESSION;
ALTER TABLE "messages" ALTER COLUMN "words" DROP EXPRESSION;

CREATE FUNCTION "set_task_words"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.words := search_words(NEW.title, 'A', 'C') || search_words(NEW.description, 'B', 'D');
    RETURN NEW;
END $$;
CREATE TRIGGER "tasks_words" BEFORE INSERT OR UPDATE OF "title", "description", "words" ON "tasks"
    FOR EACH ROW EXECUTE FUNCTION "set_task_words"();

CREATE FUNCTION "set_comment_words"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.words := search_words(NEW.body, 'B', 'D');
    RETURN NEW;
END $$;
CREATE TRIGGER "comments_words" BEFORE INSERT OR UPDATE OF "body", "words" ON "comments"
    FOR EACH ROW EXECUTE FUNCTION "set_comment_words"();

CREATE FUNCTION "set_message_words"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.words := search_words(NEW.content, 'B', 'D');
    RETURN NEW;
END $$;
CREATE TRIGGER "messages_words" BEFORE INSERT OR UPDATE OF "content", "words" ON "messages"
    FOR EACH ROW EXECUTE FUNCTION "set_message_words"();

-- Tables whose rows from before have words of the old rules, and the last row that has new ones (none: NULL).
CREATE TABLE "search_rewrites" (
    "table_name" TEXT NOT NULL,
    "last_id" UUID,
    CONSTRAINT "search_rewrites_pkey" PRIMARY KEY ("table_name")
);
INSERT INTO "search_rewrites" ("table_name")
    SELECT 'tasks' WHERE EXISTS (SELECT FROM "tasks") UNION ALL
    SELECT 'comments' WHERE EXISTS (SELECT FROM "comments") UNION ALL
    SELECT 'messages' WHERE EXISTS (SELECT FROM "messages");

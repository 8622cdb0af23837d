-- Texts are kept in one Unicode form (NFC) from now on, so that two spellings of one word are equal. Rows of before are
-- rewritten where they differ; only those rows are locked, while each table is read once. Team names had this form
-- before. Encodings other than UTF8 have no such forms.
DO $$
BEGIN
  IF getdatabaseencoding() <> 'UTF8' THEN RETURN; END IF;
  UPDATE "users" SET "name" = normalize("name", NFC)
    WHERE "name" IS NOT NFC NORMALIZED AND char_length(normalize("name", NFC)) <= 100;
  UPDATE "teams" SET "description" = normalize("description", NFC)
    WHERE "description" IS NOT NFC NORMALIZED AND char_length(normalize("description", NFC)) <= 2000;
  UPDATE "tasks" SET "title" = normalize("title", NFC)
    WHERE "title" IS NOT NFC NORMALIZED AND char_length(normalize("title", NFC)) <= 200;
  UPDATE "tasks" SET "description" = normalize("description", NFC)
    WHERE "description" IS NOT NFC NORMALIZED AND char_length(normalize("description", NFC)) <= 10000;
  UPDATE "tasks" SET "labels" = ARRAY(
      SELECT label FROM (
        SELECT DISTINCT ON (normalize(given, NFC)) normalize(given, NFC) AS label, place
        FROM unnest("labels") WITH ORDINALITY AS each(given, place)
        ORDER BY normalize(given, NFC), place
      ) AS kept ORDER BY place)
    WHERE EXISTS (SELECT FROM unnest("labels") AS label WHERE label IS NOT NFC NORMALIZED);
  UPDATE "conversations" SET "title" = normalize("title", NFC)
    WHERE "title" IS NOT NFC NORMALIZED AND char_length(normalize("title", NFC)) <= 200;
  UPDATE "comments" SET "body" = normalize("body", NFC)
    WHERE "body" IS NOT NFC NORMALIZED AND char_length(normalize("body", NFC)) <= 10000;
  UPDATE "messages" SET "content" = normalize("content", NFC)
    WHERE "content" IS NOT NFC NORMALIZED AND char_length(normalize("content", NFC)) <= 10000;
END $$;

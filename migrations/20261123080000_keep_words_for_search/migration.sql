-- The words of each text are kept beside it, so that a search neither reads the text again to weigh a find, nor to look
-- through the newest rows for a word that many hold. Adding such a column writes the table anew, with all its indexes,
-- and locks it meanwhile: a minute or so for a million tasks, and the disk needs room for a second copy.

DROP INDEX "tasks_search";
ALTER TABLE "tasks" ADD COLUMN "words" tsvector GENERATED ALWAYS AS
    (setweight(to_tsvector('simple', "title"), 'A') || setweight(to_tsvector('simple', "description"), 'B')) STORED;
CREATE INDEX "tasks_search" ON "tasks" USING GIN ("words");

DROP INDEX "comments_search";
ALTER TABLE "comments" ADD COLUMN "words" tsvector GENERATED ALWAYS AS (to_tsvector('simple', "body")) STORED;
CREATE INDEX "comments_search" ON "comments" USING GIN ("words");

DROP INDEX "messages_search";
ALTER TABLE "messages" ADD COLUMN "words" tsvector GENERATED ALWAYS AS (to_tsvector('simple', "content")) STORED;
CREATE INDEX "messages_search" ON "messages" USING GIN ("words");

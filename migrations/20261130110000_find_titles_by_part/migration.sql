-- Titles that contain a text are found by the trigrams of the text. The extension comes with PostgreSQL; a role that may
-- create objects in the database may create it. Locks "tasks" against writers for one pass over the table.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE INDEX "tasks_title_trigrams" ON "tasks" USING gin ("title" gin_trgm_ops);

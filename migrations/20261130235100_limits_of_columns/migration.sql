-- Limits of the columns of a board. A constant default rewrites no table, and the constraint checks a small
-- one: writers of "views" wait for a moment only.
ALTER TABLE "views" ADD COLUMN "limits" JSONB NOT NULL DEFAULT '[]';

ALTER TABLE "views" ADD CONSTRAINT "views_limits" CHECK (CASE jsonb_typeof("limits") WHEN 'array' THEN jsonb_array_length("limits") <= 50 ELSE false END);

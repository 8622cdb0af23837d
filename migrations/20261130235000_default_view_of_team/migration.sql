-- The view that a team's tasks open with. The column is new and empty, so the constraint is checked in a moment; writers of
-- "teams" and "views" wait for that moment only. The index is for the deletion of a view.
ALTER TABLE "teams" ADD COLUMN "default_view_id" UUID;

CREATE INDEX "teams_default_view_id_idx" ON "teams"("default_view_id");

ALTER TABLE "teams" ADD CONSTRAINT "teams_default_view_id_fkey" FOREIGN KEY ("default_view_id") REFERENCES "views"("id") ON DELETE SET NULL ON UPDATE CASCADE;

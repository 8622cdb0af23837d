-- Lists of a person's, a team's and assigned tasks in the order of a page: newest, last changed, by due date, and by
-- position. Each statement takes a lock against writers on "tasks" for one pass over the table. The indexes by status are
-- not used any more: numbers by status are counters.
CREATE INDEX "tasks_assignee_id_created_at_id_idx" ON "tasks"("assignee_id", "created_at" DESC, "id" DESC);
CREATE INDEX "tasks_assignee_id_updated_at_id_idx" ON "tasks"("assignee_id", "updated_at" DESC, "id" DESC);

CREATE INDEX "tasks_owner_id_due_on_id_idx" ON "tasks"("owner_id", "due_on", "id");
CREATE INDEX "tasks_team_id_due_on_id_idx" ON "tasks"("team_id", "due_on", "id");
CREATE INDEX "tasks_assignee_id_due_on_id_idx" ON "tasks"("assignee_id", "due_on", "id");

CREATE INDEX "tasks_owner_id_position_idx" ON "tasks"("owner_id", "position");
CREATE INDEX "tasks_team_id_position_idx" ON "tasks"("team_id", "position");

DROP INDEX "tasks_owner_id_status_idx";
DROP INDEX "tasks_team_id_status_idx";
DROP INDEX "tasks_assignee_id_status_idx";

-- Every order of a task list is read from an index, whatever the number of tasks: of a person, of a place (a team, or the
-- owner for personal tasks), and of an assignee, each by stage, so that open tasks are found without reading completed and
-- archived ones. Rewrites "tasks" once and locks it for that time.
CREATE TYPE "task_stage" AS ENUM ('TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED', 'ARCHIVED');

ALTER TABLE "tasks"
  ADD COLUMN "place_id" UUID NOT NULL GENERATED ALWAYS AS (coalesce(team_id, owner_id)) STORED,
  ADD COLUMN "stage" "task_stage" NOT NULL GENERATED ALWAYS AS (
    CASE WHEN archived_at IS NOT NULL THEN 'ARCHIVED'::task_stage
         WHEN status = 'TODO' THEN 'TODO'::task_stage
         WHEN status = 'IN_PROGRESS' THEN 'IN_PROGRESS'::task_stage
         WHEN status = 'DONE' THEN 'DONE'::task_stage
         ELSE 'CANCELLED'::task_stage END) STORED;

DROP INDEX "tasks_owner_id_created_at_id_idx";
DROP INDEX "tasks_owner_id_updated_at_id_idx";
DROP INDEX "tasks_owner_id_due_on_id_idx";
DROP INDEX "tasks_team_id_created_at_id_idx";
DROP INDEX "tasks_team_id_updated_at_id_idx";
DROP INDEX "tasks_team_id_due_on_id_idx";
DROP INDEX "tasks_assignee_id_created_at_id_idx";
DROP INDEX "tasks_assignee_id_updated_at_id_idx";
DROP INDEX "tasks_assignee_id_due_on_id_idx";
DROP INDEX "tasks_owner_id_position_idx";
DROP INDEX "tasks_team_id_position_idx";

CREATE INDEX "tasks_owner_id_stage_created_at_id_idx" ON "tasks"("owner_id", "stage", "created_at", "id");
CREATE INDEX "tasks_owner_id_stage_updated_at_id_idx" ON "tasks"("owner_id", "stage", "updated_at", "id");
CREATE INDEX "tasks_owner_id_stage_due_on_id_idx" ON "tasks"("owner_id", "stage", "due_on", "id");
CREATE INDEX "tasks_owner_id_stage_completed_at_id_idx" ON "tasks"("owner_id", "stage", "completed_at", "id");
CREATE INDEX "tasks_owner_id_stage_priority_id_idx" ON "tasks"("owner_id", "stage", "priority", "id");
CREATE INDEX "tasks_owner_id_stage_position_idx" ON "tasks"("owner_id", "stage", "position");
CREATE INDEX "tasks_owner_id_stage_title_id_idx" ON "tasks"("owner_id", "stage", "title", "id");

CREATE INDEX "tasks_place_id_stage_created_at_id_idx" ON "tasks"("place_id", "stage", "created_at", "id");
CREATE INDEX "tasks_place_id_stage_updated_at_id_idx" ON "tasks"("place_id", "stage", "updated_at", "id");
CREATE INDEX "tasks_place_id_stage_due_on_id_idx" ON "tasks"("place_id", "stage", "due_on", "id");
CREATE INDEX "tasks_place_id_stage_completed_at_id_idx" ON "tasks"("place_id", "stage", "completed_at", "id");
CREATE INDEX "tasks_place_id_stage_priority_id_idx" ON "tasks"("place_id", "stage", "priority", "id");
CREATE INDEX "tasks_place_id_stage_position_idx" ON "tasks"("place_id", "stage", "position");
CREATE INDEX "tasks_place_id_stage_title_id_idx" ON "tasks"("place_id", "stage", "title", "id");

CREATE INDEX "tasks_assignee_id_stage_created_at_id_idx" ON "tasks"("assignee_id", "stage", "created_at", "id") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_updated_at_id_idx" ON "tasks"("assignee_id", "stage", "updated_at", "id") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_due_on_id_idx" ON "tasks"("assignee_id", "stage", "due_on", "id") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_completed_at_id_idx" ON "tasks"("assignee_id", "stage", "completed_at", "id") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_priority_id_idx" ON "tasks"("assignee_id", "stage", "priority", "id") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_position_idx" ON "tasks"("assignee_id", "stage", "position") WHERE assignee_id IS NOT NULL;
CREATE INDEX "tasks_assignee_id_stage_title_id_idx" ON "tasks"("assignee_id", "stage", "title", "id") WHERE assignee_id IS NOT NULL;

-- For foreign keys and conditions on the team itself.
CREATE INDEX "tasks_team_id_idx" ON "tasks"("team_id") WHERE team_id IS NOT NULL;

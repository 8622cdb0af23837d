-- Tasks that were shared with a person are read in every order from an index of the shares, as other tasks are from those of
-- "tasks". For this each share repeats the task's columns that lists are sorted by; triggers keep them equal. Locks
-- "task_shares" for one pass over it.
ALTER TABLE "task_shares"
  ADD COLUMN "task_stage" "task_stage",
  ADD COLUMN "task_priority" "task_priority",
  ADD COLUMN "task_title" TEXT,
  ADD COLUMN "task_position" TEXT COLLATE "C",
  ADD COLUMN "task_due_on" DATE,
  ADD COLUMN "task_completed_at" TIMESTAMPTZ(3),
  ADD COLUMN "task_created_at" TIMESTAMPTZ(3),
  ADD COLUMN "task_updated_at" TIMESTAMPTZ(3);

UPDATE "task_shares" SET
  "task_stage" = stage, "task_priority" = priority, "task_title" = title, "task_position" = position, "task_due_on" = due_on,
  "task_completed_at" = completed_at, "task_created_at" = tasks.created_at, "task_updated_at" = tasks.updated_at
FROM "tasks" WHERE tasks.id = task_id;

CREATE FUNCTION "copy_task_to_share"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The lock waits for a change of the task that does not see this share yet.
  SELECT stage, priority, title, position, due_on, completed_at, created_at, updated_at
  INTO NEW.task_stage, NEW.task_priority, NEW.task_title, NEW.task_position, NEW.task_due_on, NEW.task_completed_at,
       NEW.task_created_at, NEW.task_updated_at
  FROM public.tasks WHERE id = NEW.task_id FOR SHARE;
  RETURN NEW;
END
$$;

CREATE TRIGGER "task_shares_copy_task" BEFORE INSERT ON "task_shares"
  FOR EACH ROW EXECUTE FUNCTION "copy_task_to_share"();

CREATE FUNCTION "copy_task_to_shares"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.task_shares SET
    task_stage = stage, task_priority = priority, task_title = title, task_position = position, task_due_on = due_on,
    task_completed_at = completed_at, task_created_at = changed.created_at, task_updated_at = changed.updated_at
  FROM changed WHERE task_id = changed.id;
  RETURN NULL;
END
$$;

CREATE TRIGGER "tasks_copy_to_shares" AFTER UPDATE ON "tasks"
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "copy_task_to_shares"();

CREATE INDEX "task_shares_by_created_at" ON "task_shares"("shared_with_id", "task_stage", "task_created_at", "task_id");
CREATE INDEX "task_shares_by_updated_at" ON "task_shares"("shared_with_id", "task_stage", "task_updated_at", "task_id");
CREATE INDEX "task_shares_by_due_on" ON "task_shares"("shared_with_id", "task_stage", "task_due_on", "task_id");
CREATE INDEX "task_shares_by_completed_at" ON "task_shares"("shared_with_id", "task_stage", "task_completed_at", "task_id");
CREATE INDEX "task_shares_by_priority" ON "task_shares"("shared_with_id", "task_stage", "task_priority", "task_id");
CREATE INDEX "task_shares_by_title" ON "task_shares"("shared_with_id", "task_stage", "task_title", "task_id");
CREATE INDEX "task_shares_by_position" ON "task_shares"("shared_with_id", "task_stage", "task_position");

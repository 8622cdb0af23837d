-- Finds the events of a task's comments, shares and offers. Writers of "events" wait while it is built.
CREATE INDEX "events_task" ON "events" (("data"->>'taskId'), "sequence") WHERE ("data"->>'taskId') IS NOT NULL;

-- How long tasks took is counted by the quarter of an hour in which they were done, so that the days of every timezone
-- can be told apart. What is counted already falls on noon UTC of its day; `npm run counters:rebuild` finds the quarters
-- in the log. The table is written anew, and locked meanwhile: a second or so for each million of rows.
ALTER TABLE "task_durations" SET (fillfactor = 80);
ALTER TABLE "task_durations" RENAME COLUMN "count" TO "finished";
ALTER TABLE "task_durations" ALTER COLUMN "finished" DROP NOT NULL;
ALTER TABLE "task_durations" ALTER COLUMN "finished" TYPE INTEGER[] USING steps_after(NULL, ARRAY[49], ARRAY["finished"]);

-- Dashboards of people and teams, with their widgets as JSON, which are always read and written together. The table is new,
-- so its constraints check no rows, and writers of "users" and "teams" wait for a moment only.

-- CreateTable
CREATE TABLE "custom_dashboards" (
    "id" UUID NOT NULL,
    "owner_id" UUID,
    "team_id" UUID,
    "name" TEXT NOT NULL,
    "widgets" JSONB NOT NULL,
    "position" TEXT COLLATE "C" NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "custom_dashboards_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "custom_dashboards_owner_id_position_id_idx" ON "custom_dashboards"("owner_id", "position", "id");

-- CreateIndex
CREATE INDEX "custom_dashboards_team_id_position_id_idx" ON "custom_dashboards"("team_id", "position", "id");

-- AddForeignKey
ALTER TABLE "custom_dashboards" ADD CONSTRAINT "custom_dashboards_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "custom_dashboards" ADD CONSTRAINT "custom_dashboards_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "custom_dashboards"
    ADD CONSTRAINT "custom_dashboards_of_one" CHECK (num_nonnulls("owner_id", "team_id") = 1),
    ADD CONSTRAINT "custom_dashboards_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    ADD CONSTRAINT "custom_dashboards_widgets" CHECK (jsonb_typeof("widgets") = 'array' AND jsonb_array_length("widgets") <= 24);

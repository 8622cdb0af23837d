-- The language of the page that a person has chosen; NULL is their browser's. Without a default, so that no row is rewritten;
-- locks "users" for a moment.
ALTER TABLE "users" ADD COLUMN "locale" TEXT;
ALTER TABLE "users" ADD CONSTRAINT "users_locale_known" CHECK ("locale" IN ('en', 'de')) NOT VALID;
ALTER TABLE "users" VALIDATE CONSTRAINT "users_locale_known";

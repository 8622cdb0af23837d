#!/bin/sh
# Runs once in an empty volume. Creates the servers' role, which is not a superuser, and its database, with the collation of
# the bundled PostgreSQL. Backups need CREATEDB: they are verified in, and restored into, a new database.
set -eu
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password DATABASE_PASSWORD
CREATE ROLE taskwire LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE taskwire OWNER taskwire TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'und';
SQL

-- A dashboard must not fail for the name of a timezone: after a failover or an upgrade of the system PostgreSQL may not
-- know one that it knew before. Locks nothing.
CREATE FUNCTION "timezone_or_utc"("timezone" text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE "timezone";
    RETURN "timezone";
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN 'UTC';
END $$;

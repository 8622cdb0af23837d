-- A new series, and changes after the last step of an existing one, need no look at each quarter: a gap is filled at once.
CREATE OR REPLACE FUNCTION "steps_after"("steps" integer[], "quarters" integer[], "changes" integer[])
RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    "result" integer[];
    "added" integer := 0;
    "next" integer := 1;
    "kept" integer;
    "last" integer := 0;
    "value" integer;
    "upper" integer := array_upper("steps", 1);
BEGIN
    IF "quarters" IS NULL THEN
        RETURN "steps";
    END IF;
    IF "steps" IS NULL OR "quarters"[1] > "upper" THEN
        "result" := "steps";
        "kept" := "upper";
        "last" := coalesce("steps"["upper"], 0);
        FOR "n" IN 1 .. cardinality("quarters") LOOP
            CONTINUE WHEN "changes"["n"] = 0;
            "value" := "last" + "changes"["n"];
            IF "kept" IS NULL THEN
                "result" := array_fill("value", ARRAY[1], ARRAY["quarters"["n"]]);
            ELSE
                "result" := "result" || array_fill("last", ARRAY["quarters"["n"] - "kept" - 1]) || "value";
            END IF;
            "kept" := "quarters"["n"];
            "last" := "value";
        END LOOP;
        RETURN "result";
    END IF;
    FOR "q" IN least(array_lower("steps", 1), "quarters"[1]) .. greatest("upper", "quarters"[cardinality("quarters")]) LOOP
        IF "quarters"["next"] = "q" THEN
            "added" := "added" + "changes"["next"];
            "next" := "next" + 1;
        END IF;
        "value" := coalesce("steps"[least("q", "upper")], 0) + "added";
        IF "value" <> "last" THEN
            IF "kept" IS NOT NULL THEN
                FOR "gap" IN "kept" + 1 .. "q" - 1 LOOP
                    "result"["gap"] := "last";
                END LOOP;
            END IF;
            "result"["q"] := "value";
            "kept" := "q";
            "last" := "value";
        END IF;
    END LOOP;
    RETURN "result";
END
$$;

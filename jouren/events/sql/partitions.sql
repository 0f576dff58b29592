-- name: partition_exists
SELECT to_regclass(%(name)s) IS NOT NULL

-- name: lock_partitions
SELECT pg_advisory_xact_lock(7406001)

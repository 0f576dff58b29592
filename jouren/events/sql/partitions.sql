-- name: partition_exists
SELECT to_regclass(%(name)s) IS NOT NULL

-- name: lock_partitions
SELECT pg_advisory_xact_lock(7406001)

-- name: months_without_partition
-- The default partition is empty, but for months in which nobody made partitions in time.
SELECT DISTINCT date_trunc('month', recorded_at, 'UTC') FROM events_event_default

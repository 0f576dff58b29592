"""The mechanisms of the pyramid beyond promotion rules: likely regulars, good customers, lapses, tasks for people."""

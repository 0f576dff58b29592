"""What authors write, as files: journeys and their messages as readable YAML, out and in again."""

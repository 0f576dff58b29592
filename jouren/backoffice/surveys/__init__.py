"""Surveys in the back office: their list, what people answered, and the form that adds or changes one."""

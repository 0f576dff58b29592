"""The public addresses of this room. None needs a session: a form's stamp and a mail's token are the authority."""

"""Who is one person: searched, looked at, decided and measured."""

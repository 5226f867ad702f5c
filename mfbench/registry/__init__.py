"""Rules about models; the only writer of their ledger events."""

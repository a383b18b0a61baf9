"""The only rooms that know azure.functions: one blueprint a kind of trigger."""

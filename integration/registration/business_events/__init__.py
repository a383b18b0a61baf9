"""Finance & Operations' own endpoints and business events: declared, seen, compared, and seldom written."""

"""The triggers of fno-link; everything else lives in integration/."""

"""The process that draws simulated conversations, and its exact posterior: numpy only."""

"""Pure functions of results: Gradescope's results.json, CSV, feedback pages, and the table in the terminal."""

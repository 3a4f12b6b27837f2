"""Pure functions of scores: Gradescope's results.json, CSV files, pages, and the table in the terminal."""

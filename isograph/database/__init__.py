"""DuckDB connections and views; the only room that imports duckdb."""

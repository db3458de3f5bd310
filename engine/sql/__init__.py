"""Rules to DuckDB SQL, as sqlglot expressions with every value bound; one pass a file, the order visible in compile.py.

Every boolean expression made here is TRUE exactly when the condition holds; FALSE and NULL both mean it does not. That
survives AND and OR; negation is always ``IS NOT TRUE``.
"""

"""Where customer data is read. One protocol; read-only for everything that evaluates audiences."""

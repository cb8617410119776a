"""Model families, handles and the manager that turns a handle into weights."""

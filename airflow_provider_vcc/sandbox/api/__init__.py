"""The call centre: what each resource of the API answers, from what the storage holds."""

# Set: repository. If another environment of the shop uses the same account, also identity_provider_exists = true.

environment = "prod"
repository  = "example/shop"

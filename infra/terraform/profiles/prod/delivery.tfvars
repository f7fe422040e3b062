# Give yours: repository. In the account of another environment of the shop: identity_provider_exists = true.

environment = "prod"
repository  = "example/shop"

# Set: repository.

environment = "dev"
repository  = "example/shop"

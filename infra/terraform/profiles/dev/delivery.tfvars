# Give yours: repository.

environment = "dev"
repository  = "example/shop"

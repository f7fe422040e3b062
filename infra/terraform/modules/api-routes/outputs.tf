output "routes" {
  description = "Scopes of each route. Null for public routes."
  value = {
    for key, route in aws_apigatewayv2_route.this :
    key => route.authorization_type == "JWT" ? sort(route.authorization_scopes) : null
  }
}

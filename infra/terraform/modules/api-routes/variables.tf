variable "http_api_id" {
  description = "Id of the HTTP API."
  type        = string
}

variable "http_api_execution_arn" {
  description = "Execution ARN of the HTTP API."
  type        = string
}

variable "authorizer_id" {
  description = "JWT authorizer of the API. Null if no route requires a token."
  type        = string
}

variable "routes" {
  description = "Routes of the topology: `METHOD /path`, and the scopes of which a token needs one. Null for a public route."
  type = list(object({
    route  = string
    scopes = list(string)
  }))

  validation {
    condition     = alltrue([for route in var.routes : try(length(route.scopes) > 0, true)])
    error_message = "An empty list of scopes would accept every token."
  }
}

variable "function" {
  description = "Function behind the routes. Null for a service behind the load balancer."
  type = object({
    name       = string
    alias      = string
    invoke_arn = string
  })
  default = null
}

variable "load_balancer" {
  description = "Internal load balancer behind the routes, and the name in its certificate. Null for a function. `emulated_url` is for emulators, which have no VPC links, and never for AWS."
  type = object({
    vpc_link_id     = optional(string)
    listener_arn    = string
    tls_server_name = string
    emulated_url    = optional(string)
  })
  default = null
}

variable "timeout_ms" {
  description = "Integration timeout. API Gateway allows 30 s at most."
  type        = number
  default     = 29000
}

package main

import (
	"net/http"

	"detente/depositary"
	"detente/web"
)

// pages renders the pages of a record that this depositary hosts.
func pages(v depositary.View) http.Handler { return web.New(v) }

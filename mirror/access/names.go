package access

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ours is whether a request was made for this host: under one of its names, or
// at the very address and port at which it came in. A name without a port is
// that of the ports 80 and 443. Nothing else is known to be this host: another
// could pass on what was signed for it.
func ours(r *http.Request, names []string) bool {
	host, port := splitHost(r.Host)
	if host == "" {
		return false
	}
	for _, name := range names {
		h, p := splitHost(bare(name))
		if h == host && (p == port || p == "" && (port == "80" || port == "443") || port == "" && (p == "80" || p == "443")) {
			return true
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || port != portOf(local) && (port != "" || portOf(local) != "80") {
		return false
	}
	if host == "localhost" {
		return local.IP.IsLoopback()
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap() == local.AddrPort().Addr().Unmap()
}

// bare is the host and port of a name that was given as the address of a page.
func bare(name string) string {
	if u, err := url.Parse(name); err == nil && u.Host != "" {
		return u.Host
	}
	return name
}

// splitHost is a host in lower case and its port; "" if it names none.
func splitHost(hostPort string) (host, port string) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]"), ""
	}
	return strings.TrimSuffix(strings.ToLower(host), "."), port
}

func portOf(a *net.TCPAddr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}

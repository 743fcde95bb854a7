package ignores

import (
	"io"
	"net/http"
	"net/http/httputil"
)

type counting struct{ io.ReadCloser }

func kept(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		//wrapvet:ignore loses-write this proxy refuses upgrades
		resp.Body = &counting{resp.Body}
		return nil
	}
}

func sameLine(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = &counting{resp.Body} //wrapvet:ignore loses-write this proxy refuses upgrades
		return nil
	}
}

func noReason(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		//wrapvet:ignore loses-write // want `ignore: no reason is given: write //wrapvet:ignore loses-write REASON`
		resp.Body = &counting{resp.Body} // want `loses-write`
		return nil
	}
}

func otherRule(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		//wrapvet:ignore loses-close nothing leaks // want `ignore: nothing here is reported as loses-close: remove the comment`
		resp.Body = &counting{resp.Body} // want `loses-write`
		return nil
	}
}

//wrapvet:ignore // want `ignore: there is no rule "": write //wrapvet:ignore RULE REASON`
var _ = kept

//wrapvet:ignore loses-wirte a slip // want `ignore: there is no rule "loses-wirte"`
var _ = sameLine

"""Who may fetch a video's key: the signed cookies that CloudFront asks for."""

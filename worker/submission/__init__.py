"""One upload, one job: the claim, the request, and MediaConvert."""

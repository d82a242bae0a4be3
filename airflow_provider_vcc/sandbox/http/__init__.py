"""HTTP/1.1 with nothing hidden: connections, requests, and answers that can break off anywhere."""

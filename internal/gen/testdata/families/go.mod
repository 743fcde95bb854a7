module families

go 1.24.0

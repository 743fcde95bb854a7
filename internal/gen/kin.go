package gen

// relatives are methods that carry the same data. A struct that has a method of
// its own is gone round by the method's relatives, if these go straight to the
// original. The methods of a row are relatives of each other, and of no methods
// of other rows: Open is a relative of ReadFile and of Stat, but these are none
// of each other. Types are written with their import paths. The package comment
// of wrapgen lists the names of all rows.
var relatives = [][]string{
	// io, bufio, hash, os
	{
		"Read([]byte) (int, error)",
		"WriteTo(io.Writer) (int64, error)",
		"ReadAt([]byte, int64) (int, error)",
		"ReadByte() (byte, error)",
		"ReadRune() (rune, int, error)",
		"ReadString(byte) (string, error)",
		"ReadBytes(byte) ([]byte, error)",
		"ReadSlice(byte) ([]byte, error)",
		"ReadLine() ([]byte, bool, error)",
		"Peek(int) ([]byte, error)",
		"Discard(int) (int, error)",
		"Outer() (io.ReaderAt, int64, int64)",
	},
	{
		"Write([]byte) (int, error)",
		"ReadFrom(io.Reader) (int64, error)",
		"WriteString(string) (int, error)",
		"WriteAt([]byte, int64) (int, error)",
		"WriteByte(byte) error",
		"WriteRune(rune) (int, error)",
	},
	{"Close() error", "CloseWithError(error) error"},
	{"Sum([]byte) []byte", "Sum32() uint32", "Sum64() uint64"},
	{"Write([]byte) (int, error)", "Clone() (hash.Cloner, error)"},

	// io/fs, net/http
	{"Open(string) (io/fs.File, error)", "ReadFile(string) ([]byte, error)"},
	{"Open(string) (io/fs.File, error)", "ReadDir(string) ([]io/fs.DirEntry, error)"},
	{"Open(string) (io/fs.File, error)", "Stat(string) (io/fs.FileInfo, error)"},
	{"Open(string) (io/fs.File, error)", "Lstat(string) (io/fs.FileInfo, error)"},
	{"Open(string) (io/fs.File, error)", "Sub(string) (io/fs.FS, error)"},
	{"Open(string) (io/fs.File, error)", "Glob(string) ([]string, error)"},
	{"Open(string) (io/fs.File, error)", "ReadLink(string) (string, error)"},
	{"Stat(string) (io/fs.FileInfo, error)", "Lstat(string) (io/fs.FileInfo, error)"},
	{
		"ReadDir(int) ([]io/fs.DirEntry, error)",
		"Readdir(int) ([]io/fs.FileInfo, error)",
		"Readdirnames(int) ([]string, error)",
	},
	{"Flush()", "FlushError() error"},

	// net
	{
		"Read([]byte) (int, error)",
		"ReadFrom([]byte) (int, net.Addr, error)",
		"ReadFromUDP([]byte) (int, *net.UDPAddr, error)",
		"ReadFromUDPAddrPort([]byte) (int, net/netip.AddrPort, error)",
		"ReadMsgUDP([]byte, []byte) (int, int, int, *net.UDPAddr, error)",
		"ReadMsgUDPAddrPort([]byte, []byte) (int, int, int, net/netip.AddrPort, error)",
		"ReadFromUnix([]byte) (int, *net.UnixAddr, error)",
		"ReadMsgUnix([]byte, []byte) (int, int, int, *net.UnixAddr, error)",
		"ReadFromIP([]byte) (int, *net.IPAddr, error)",
		"ReadMsgIP([]byte, []byte) (int, int, int, *net.IPAddr, error)",
	},
	{
		"Write([]byte) (int, error)",
		"WriteTo([]byte, net.Addr) (int, error)",
		"WriteToUDP([]byte, *net.UDPAddr) (int, error)",
		"WriteToUDPAddrPort([]byte, net/netip.AddrPort) (int, error)",
		"WriteMsgUDP([]byte, []byte, *net.UDPAddr) (int, int, error)",
		"WriteMsgUDPAddrPort([]byte, []byte, net/netip.AddrPort) (int, int, error)",
		"WriteToUnix([]byte, *net.UnixAddr) (int, error)",
		"WriteMsgUnix([]byte, []byte, *net.UnixAddr) (int, int, error)",
		"WriteToIP([]byte, *net.IPAddr) (int, error)",
		"WriteMsgIP([]byte, []byte, *net.IPAddr) (int, int, error)",
	},
	{"Read([]byte) (int, error)", "SyscallConn() (syscall.RawConn, error)"},
	{"Write([]byte) (int, error)", "SyscallConn() (syscall.RawConn, error)"},
	{"ReadFrom([]byte) (int, net.Addr, error)", "SyscallConn() (syscall.RawConn, error)"},
	{"WriteTo([]byte, net.Addr) (int, error)", "SyscallConn() (syscall.RawConn, error)"},
	{"Read([]byte) (int, error)", "Fd() uintptr"},
	{"Write([]byte) (int, error)", "Fd() uintptr"},
	{"Accept() (net.Conn, error)", "AcceptTCP() (*net.TCPConn, error)"},
	{"Accept() (net.Conn, error)", "AcceptUnix() (*net.UnixConn, error)"},
	{"Accept() (net.Conn, error)", "SyscallConn() (syscall.RawConn, error)"},
	{"SetDeadline(time.Time) error", "SetReadDeadline(time.Time) error"},
	{"SetDeadline(time.Time) error", "SetWriteDeadline(time.Time) error"},
	{"Dial(string, string) (net.Conn, error)", "DialContext(context.Context, string, string) (net.Conn, error)"},

	// database/sql/driver
	{
		"Prepare(string) (database/sql/driver.Stmt, error)",
		"PrepareContext(context.Context, string) (database/sql/driver.Stmt, error)",
	},
	{
		"Prepare(string) (database/sql/driver.Stmt, error)",
		"Exec(string, []database/sql/driver.Value) (database/sql/driver.Result, error)",
		"ExecContext(context.Context, string, []database/sql/driver.NamedValue) (database/sql/driver.Result, error)",
	},
	{
		"Prepare(string) (database/sql/driver.Stmt, error)",
		"Query(string, []database/sql/driver.Value) (database/sql/driver.Rows, error)",
		"QueryContext(context.Context, string, []database/sql/driver.NamedValue) (database/sql/driver.Rows, error)",
	},
	{
		"Begin() (database/sql/driver.Tx, error)",
		"BeginTx(context.Context, database/sql/driver.TxOptions) (database/sql/driver.Tx, error)",
	},
	{
		"Exec([]database/sql/driver.Value) (database/sql/driver.Result, error)",
		"ExecContext(context.Context, []database/sql/driver.NamedValue) (database/sql/driver.Result, error)",
	},
	{
		"Query([]database/sql/driver.Value) (database/sql/driver.Rows, error)",
		"QueryContext(context.Context, []database/sql/driver.NamedValue) (database/sql/driver.Rows, error)",
	},
	{
		"CheckNamedValue(*database/sql/driver.NamedValue) error",
		"ColumnConverter(int) database/sql/driver.ValueConverter",
	},
	{
		"Open(string) (database/sql/driver.Conn, error)",
		"OpenConnector(string) (database/sql/driver.Connector, error)",
	},
}

// A route is how one method can be done by another.
type route struct {
	method string // that is routed
	via    string // the name of the method that it calls
	code   string // $self is the struct, $arg the argument, $pkg the package, $tmp a variable
	pkg    string // the import path of $pkg, or ""
	only   string // the interface of $pkg that $self is passed as, so that $pkg finds no method but via
	use    string // a method of the result that takes the argument, too, if only that calls via
}

// routes are all routes that there are.
var routes = []route{
	{"WriteString(string) (int, error)", "Write", "return $self.Write([]byte($arg))", "", "", ""},
	{"WriteByte(byte) error", "Write", "_, $tmp := $self.Write([]byte{$arg}); return $tmp", "", "", ""},
	{"WriteRune(rune) (int, error)", "Write", "return $self.Write([]byte(string($arg)))", "", "", ""},
	{"ReadFrom(io.Reader) (int64, error)", "Write", "return $pkg.Copy($self, $arg)", "io", "Writer", ""},
	{"WriteTo(io.Writer) (int64, error)", "Read", "return $pkg.Copy($arg, $self)", "io", "Reader", ""},
	{"FlushError() error", "Flush", "$self.Flush(); return nil", "", "", ""},
	{"ReadFile(string) ([]byte, error)", "Open", "return $pkg.ReadFile($self, $arg)", "io/fs", "FS", ""},
	{"ReadDir(string) ([]io/fs.DirEntry, error)", "Open", "return $pkg.ReadDir($self, $arg)", "io/fs", "FS", ""},
	{"Stat(string) (io/fs.FileInfo, error)", "Open", "return $pkg.Stat($self, $arg)", "io/fs", "FS", ""},
	{"Sub(string) (io/fs.FS, error)", "Open", "return $pkg.Sub($self, $arg)", "io/fs", "FS", "Open"},
	{"Glob(string) ([]string, error)", "Open", "return $pkg.Glob($self, $arg)", "io/fs", "FS", ""},
}

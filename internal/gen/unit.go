package gen

import "slices"

// A unit is families whose packages have to be checked together.
type unit struct {
	decls []*declaration
	pkgs  []*pkg
}

// units groups families that share a package.
func units(decls []*declaration) []*unit {
	var all []*unit
	for _, d := range decls {
		merged := &unit{decls: []*declaration{d}, pkgs: []*pkg{d.pkg}}
		if d.dest != d.pkg {
			merged.pkgs = append(merged.pkgs, d.dest)
		}
		all = slices.DeleteFunc(all, func(u *unit) bool {
			if !slices.ContainsFunc(u.pkgs, func(p *pkg) bool { return slices.Contains(merged.pkgs, p) }) {
				return false
			}
			merged.decls = append(u.decls, merged.decls...)
			for _, p := range u.pkgs {
				if !slices.Contains(merged.pkgs, p) {
					merged.pkgs = append(merged.pkgs, p)
				}
			}
			return true
		})
		all = append(all, merged)
	}
	return all
}

// levels orders units such that each comes after the units whose generated
// files it is compiled with.
func levels(units []*unit) [][]*unit {
	var levels [][]*unit
	for len(units) > 0 {
		var now, later []*unit
		for _, u := range units {
			if slices.ContainsFunc(units, func(other *unit) bool { return other != u && u.imports(other) }) {
				later = append(later, u)
			} else {
				now = append(now, u)
			}
		}
		if len(now) == 0 { // the packages of two units import each other's
			now, later = later, nil
		}
		levels = append(levels, now)
		units = later
	}
	return levels
}

// imports reports whether a package of u depends on a package of other.
func (u *unit) imports(other *unit) bool {
	for _, p := range u.pkgs {
		for _, q := range other.pkgs {
			if slices.Contains(p.Deps, q.ImportPath) {
				return true
			}
		}
	}
	return false
}

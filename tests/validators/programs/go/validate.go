// Validate validates events by santhosh-tekuri/jsonschema: it reads `type TAB event` lines and writes how many were
// valid and which were not.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const longestLine = 1 << 26

func main() {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	validators := map[string]*jsonschema.Schema{}
	counts := map[string]map[string]int{"valid": {}, "invalid": {}}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, longestLine)
	for number := 1; input.Scan(); number++ {
		kind, text, _ := bytes.Cut(input.Bytes(), []byte("\t"))
		name := string(kind)
		if validators[name] == nil {
			schema, err := compiler.Compile(filepath.Join(os.Args[1], name+".schema.json"))
			if err != nil {
				log.Fatal(err)
			}
			validators[name] = schema
		}
		event, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = validators[name].Validate(event)
		}
		if err == nil {
			counts["valid"][name]++
			continue
		}
		counts["invalid"][name]++
		fmt.Fprintf(os.Stderr, "line %d: %v\n", number, err)
	}
	if err := input.Err(); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(counts); err != nil {
		log.Fatal(err)
	}
}

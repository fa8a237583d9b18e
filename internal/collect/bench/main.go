//go:build unix

// Command bench measures the collection of answers against a stub server in a process of
// its own, and prints the numbers. With -serve it is that server alone, for comparing
// other programs on the same stub.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

func main() {
	cases := flag.Int("cases", 10_000, "how many cases")
	concurrency := flag.Int("concurrency", 500, "calls at once; 0 finds it by itself")
	latency := flag.Duration("latency", 200*time.Millisecond, "of the stub's answers")
	folder := flag.String("folder", "", "where the answers go (a temporary folder)")
	serve := flag.String("serve", "", "be the stub server on this address, such as 127.0.0.1:8099, until killed; with -exec, where it is for the command")
	words := flag.Int("words", 150, "length of an answer")
	to := flag.String("to", "", "append the numbers to this file, a JSON object a line, under -name")
	name := flag.String("name", "fairtrial", "what is measured")
	run := flag.Bool("exec", false, "run the command that follows and print what it costs, a case of -cases")
	flag.Parse()
	var err error
	if *run {
		err = execute(*cases, flag.Args(), *serve, *latency, *words, *name, *to)
	} else if *serve != "" {
		err = server(*serve, *latency, *words)
	} else {
		err = measure(*cases, *concurrency, *latency, *folder, *words, *name, *to)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func server(address string, latency time.Duration, words int) error {
	body := stub.Completion(strings.TrimSpace(strings.Repeat("word ", words)))
	return stub.Fast(address, latency, body, func(url string) { fmt.Println(url) })
}

func questions(n int) iter.Seq2[collect.Case, error] {
	passage := strings.Repeat("A passage of text that the answer should rest upon. ", 12)
	return func(yield func(collect.Case, error) bool) {
		for i := range n {
			text := fmt.Sprintf("%sQuestion %d?", passage, i)
			if !yield(collect.Case{ID: fmt.Sprintf("case-%d", i), Messages: []provider.Message{{Role: "user", Content: text}}}, nil) {
				return
			}
		}
	}
}

func measure(cases, concurrency int, latency time.Duration, folder string, words int, name, to string) error {
	url, stop, err := start("127.0.0.1:0", latency, words)
	if err != nil {
		return err
	}
	defer func() { stop() }()
	if folder == "" {
		if folder, err = os.MkdirTemp("", "fairtrial-bench-*"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
	}
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: url, Model: "stub"})
	if err != nil {
		return err
	}
	var at time.Time // of the last answer: what follows is the artifact
	steady, first := 0.0, time.Time{}
	var firstDone int64
	before := cpu()
	began := time.Now()
	res, err := collect.Run(context.Background(), questions(cases), p, collect.Options{
		Folder: folder, Total: cases, Limits: collect.Limits{Concurrency: concurrency},
		Every: 100 * time.Millisecond,
		Progress: func(p collect.Progress) {
			if p.Done < int64(cases) || at.IsZero() {
				at = time.Now()
			}
			// The steady rate is that between the first and the last tenth.
			if first.IsZero() && p.Done > int64(cases/10) {
				first, firstDone = time.Now(), p.Done
			} else if !first.IsZero() && p.Done < int64(cases-cases/10) {
				steady = float64(p.Done-firstDone) / time.Since(first).Seconds()
			}
		},
	})
	if err != nil {
		return err
	}
	if res.Reason != collect.Done || res.Answered != int64(cases) {
		return fmt.Errorf("the run is not what it should be: %+v", res)
	}
	asking, used := at.Sub(began), cpu()-before
	server := stop()
	info, err := os.Stat(res.Artifact)
	if err != nil {
		return err
	}
	t := time.Now()
	a, err := collect.Open(res.Artifact)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if _, err := a.Case(fmt.Sprintf("case-%d", cases/2)); err != nil {
		return err
	}
	opened := time.Since(t)
	memory := peak()
	t, before = time.Now(), cpu()
	again, err := collect.Run(context.Background(), questions(cases), p, collect.Options{Folder: folder, Total: cases})
	if err != nil {
		return err
	}
	resumed, resumedCPU := time.Since(t), cpu()-before
	if again.Resumed != int64(cases) || again.Digest != res.Digest {
		return fmt.Errorf("run again, it is not the same: %+v", again)
	}
	fmt.Printf("cases %d  concurrency %d  latency %s\n", cases, concurrency, latency)
	fmt.Printf("  answers a second        %8.0f   (%.0f steady", float64(cases)/asking.Seconds(), steady)
	if concurrency > 0 {
		fmt.Printf(", ceiling %.0f", float64(concurrency)/latency.Seconds())
	}
	fmt.Printf(")\n  CPU a call, all of it   %8.3f ms\n", used.Seconds()*1000/float64(cases))
	fmt.Printf("  the stub's CPU a call   %8.3f ms: %.0f %% of this machine's processors, fairtrial %.0f %%\n", server.Seconds()*1000/float64(cases), share(server, asking), share(used, res.Took))
	fmt.Printf("  peak memory             %8.0f MB\n", memory)
	fmt.Printf("  asking %.1f s, artifact %.1f s, %.1f MB; open it and read one case %.2f ms; run again %.1f s (CPU %.1f s)\n",
		asking.Seconds(), res.Took.Seconds()-asking.Seconds(), float64(info.Size())/1e6, opened.Seconds()*1000, resumed.Seconds(), resumedCPU.Seconds())
	return keep(to, numbers{Name: name, Cases: cases, Latency: latency.Seconds(), Rate: float64(cases) / asking.Seconds(), Busy: share(used, res.Took), Stub: share(server, asking), Steady: steady, Ceiling: float64(concurrency) / latency.Seconds(),
		CPU: used.Seconds() * 1000 / float64(cases), Memory: memory, Open: opened.Seconds(), Again: resumed.Seconds(), AgainCPU: resumedCPU.Seconds()})
}

// start runs the stub in another process.
func start(address string, latency time.Duration, words int) (url string, stop func() time.Duration, err error) {
	cmd := exec.Command(os.Args[0], "-serve", address, "-latency", latency.String(), "-words", fmt.Sprint(words))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	stop = func() time.Duration { // ends it, and says what it took of the processor
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("start the stub: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// share is the part of all processors that was used, in percent.
func share(used, took time.Duration) float64 {
	return 100 * used.Seconds() / took.Seconds() / float64(runtime.NumCPU())
}

// execute measures another program, with a stub for it.
func execute(cases int, command []string, address string, latency time.Duration, words int, name, to string) error {
	if len(command) == 0 || address == "" {
		return fmt.Errorf("-exec needs a command, and -serve with the address of its stub")
	}
	_, stop, err := start(address, latency, words)
	if err != nil {
		return err
	}
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // the user names it
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	t := time.Now()
	err = cmd.Run()
	took := time.Since(t)
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) // before the stub is waited for: it is no part of the program
	used := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	server := stop()
	fmt.Printf("cases %d  latency %s  %s\n", cases, latency, command[0])
	fmt.Printf("  answers a second        %8.0f   (starting and ending included)\n", float64(cases)/took.Seconds())
	fmt.Printf("  CPU a call, all of it   %8.3f ms\n", used.Seconds()*1000/float64(cases))
	fmt.Printf("  the stub's CPU a call   %8.3f ms: %.0f %% of this machine's processors, the program %.0f %%\n", server.Seconds()*1000/float64(cases), share(server, took), share(used, took))
	fmt.Printf("  peak memory             %8.0f MB\n", float64(u.Maxrss)/1000)
	if err != nil {
		return err
	}
	return keep(to, numbers{Name: name, Cases: cases, Latency: latency.Seconds(), Rate: float64(cases) / took.Seconds(), Busy: share(used, took), Stub: share(server, took), CPU: used.Seconds() * 1000 / float64(cases), Memory: float64(u.Maxrss) / 1000})
}

// numbers are what bench/llm_ratios.py reads.
type numbers struct {
	Name     string  `json:"name"`
	Cases    int     `json:"cases"`
	Latency  float64 `json:"latency_s"`
	Busy     float64 `json:"busy_percent"` // of all processors, the program
	Stub     float64 `json:"stub_percent"` // and the stub
	Rate     float64 `json:"rate"`
	Steady   float64 `json:"steady,omitempty"`
	Ceiling  float64 `json:"ceiling,omitempty"`
	CPU      float64 `json:"cpu_ms"`
	Memory   float64 `json:"mb"`
	Open     float64 `json:"open_s,omitempty"`
	Again    float64 `json:"again_s,omitempty"`
	AgainCPU float64 `json:"again_cpu_s,omitempty"`
}

func keep(to string, n numbers) error {
	if to == "" {
		return nil
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(n), f.Close())
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory this process has had, in MB.
func peak() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Maxrss) / 1000 // kB on Linux
}

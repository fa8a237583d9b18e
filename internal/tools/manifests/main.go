// Manifests decodes Kubernetes manifests into the API's own types and refuses an
// unknown or repeated field. It is its own module: the program needs none of it.
package main

import (
	"bytes"
	"fmt"
	"os"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: manifests FILE…")
	}
	for _, file := range os.Args[1:] {
		b, err := os.ReadFile(file)
		if err != nil {
			fail("%v", err)
		}
		n := 0
		for i, doc := range bytes.Split(b, []byte("\n---\n")) {
			kind, err := check(doc)
			if err != nil {
				fail("%s, document %d: %v", file, i+1, err)
			}
			fmt.Printf("%s: %s\n", file, kind)
			n++
		}
		if n == 0 {
			fail("%s: no document", file)
		}
	}
}

func check(doc []byte) (string, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(doc, &head); err != nil {
		return "", err
	}
	kind := head.APIVersion + " " + head.Kind
	known := map[string]any{"v1 ConfigMap": &core.ConfigMap{}, "v1 PersistentVolumeClaim": &core.PersistentVolumeClaim{}, "batch/v1 Job": &batch.Job{}, "batch/v1 CronJob": &batch.CronJob{}}
	into, ok := known[kind]
	if !ok {
		return kind, fmt.Errorf("%q is not known here", kind)
	}
	if err := yaml.UnmarshalStrict(doc, into); err != nil {
		return kind, err
	}
	switch x := into.(type) {
	case *batch.Job:
		return kind, safe(x.Spec)
	case *batch.CronJob:
		return kind, safe(x.Spec.JobTemplate.Spec)
	}
	return kind, nil
}

// safe holds a Job to what docs/orchestrators.md promises.
func safe(j batch.JobSpec) error {
	pod := j.Template.Spec
	if j.PodFailurePolicy == nil || pod.RestartPolicy != core.RestartPolicyNever {
		return fmt.Errorf("a podFailurePolicy, which needs restartPolicy: Never, maps the exit statuses")
	}
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 {
		return fmt.Errorf("the pod may run as root")
	}
	mounted := map[string]bool{}
	for _, v := range pod.Volumes {
		mounted[v.Name] = true
	}
	for _, c := range pod.Containers {
		for _, m := range c.VolumeMounts {
			if !mounted[m.Name] {
				return fmt.Errorf("container %s mounts %q, which is no volume", c.Name, m.Name)
			}
		}
		for _, r := range j.PodFailurePolicy.Rules {
			if r.OnExitCodes != nil && (r.OnExitCodes.ContainerName == nil || *r.OnExitCodes.ContainerName != c.Name) {
				return fmt.Errorf("a rule of exit statuses is for no container")
			}
		}
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation {
			return fmt.Errorf("container %s may write to its root or gain rights", c.Name)
		}
	}
	return nil
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
